"""What is animated: an `Animator` each, and `params`, which gives the parameters of n frames.

These are sources of scripts, which `workloads` puts together with what a tool needs: they import nothing
from each other. Scripts of other tools have another `Animator`, or `object`, in place of this library's.
"""
