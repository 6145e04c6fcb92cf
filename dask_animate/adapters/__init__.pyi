from .finished_frames import open_frames as open_frames
