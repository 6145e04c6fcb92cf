from .arrays import open_frames as open_frames
