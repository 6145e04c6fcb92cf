"""How much memory each part of a render may take: all bounds in one place, in bytes or as shares."""

#: Share of all workers' memory for what is submitted and not encoded yet: parameters, pixels, packets.
IN_FLIGHT_SHARE = 0.25
#: Share of the memory of a worker's thread for data that is read at once. At half of it, workers that
#: compute chunks of dask arrays were killed.
READ_SHARE = 0.2
#: Share of a worker's memory for the pixels of one block.
BLOCK_SHARE = 0.5
#: What a worker without a memory limit is taken to have.
UNLIMITED_BYTES = 4 * 2**30
#: Results that the calling process fetches from workers at once.
FETCHED_BYTES = 32 * 2**20
#: Frames that wait in the calling process for frames before them.
REORDER_BYTES = 2**30

#: Pixels that the calling process draws before it encodes them.
LOCAL_BLOCK_BYTES = 128 * 2**20
#: Parameters that the calling process holds, in case that a partition has to be drawn again.
LOCAL_PARAM_BYTES = 256 * 2**20
#: Packets that the calling process holds before it writes them.
LOCAL_SEGMENT_BYTES = 64 * 2**20

#: Pictures that were drawn while frames are explored, compressed.
EXPLORED_BYTES = 256 * 2**20

#: Frames of pools that a process reads again, decompressed, of all renders.
POOLED_BYTES = 256 * 2**20

#: Pixels of a chunk in a store, or of a lazy array.
CHUNK_BYTES = 32 * 2**20
#: Data that is read for such a chunk.
CHUNK_READ_BYTES = 128 * 2**20
#: Data that is read at once to find its limits.
LIMITS_READ_BYTES = 64 * 2**20

#: Pictures of a clip that were resized last, in each process; and likewise frames whose source draws
#: others for the same picture.
PICTURE_BYTES = 64 * 2**20

#: All frames of a variable, which an animator carries to each worker to show those before a frame.
HISTORY_BYTES = 64 * 2**20
