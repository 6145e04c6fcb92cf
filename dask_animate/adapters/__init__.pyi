from .finished_frames import open_frames as open_frames
from .image_files import ImageFile as ImageFile
from .image_files import ImageFiles as ImageFiles
from .video_file import VideoFile as VideoFile
