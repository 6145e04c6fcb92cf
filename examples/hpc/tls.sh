#!/usr/bin/env bash
# A scheduler and workers started by hand, who talk to nobody without the certificate.
#
#     bash tls.sh certificate   once: makes dask.pem and dask-key.pem; keep the key to yourself
#     bash tls.sh scheduler     on one machine
#     bash tls.sh worker        on each machine that is to draw
#     python tls.py             anywhere
#
# All of it in one folder on a shared file system, or with the three files copied.
set -euo pipefail
tls="--tls-ca-file dask.pem --tls-cert dask.pem --tls-key dask-key.pem"
case $1 in
certificate)
    umask 077
    openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=dask -keyout dask-key.pem -out dask.pem
    ;;
scheduler)
    # The dashboard is not encrypted: it is reached from this machine only, or by a tunnel of ssh.
    exec dask scheduler $tls --protocol tls --scheduler-file scheduler.json --dashboard-address 127.0.0.1:8787
    ;;
worker)
    exec dask worker $tls --scheduler-file scheduler.json --nworkers auto --nthreads 1 --local-directory /tmp
    ;;
*)
    exit 64
    ;;
esac
