"""A local server that speaks S3, with a bucket named "bucket"."""

import contextlib
import gc
import logging
import warnings

import pytest


@contextlib.contextmanager
def s3_server():
    """Yield its URL, which the environment tells to processes that are started from here on."""
    import boto3
    from moto.server import ThreadedMotoServer
    from s3fs import S3FileSystem

    logging.getLogger("werkzeug").setLevel("ERROR")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", url)
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        client.close()
        S3FileSystem.clear_instance_cache()  # of another server
        yield url
        S3FileSystem.clear_instance_cache()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of connections that s3fs leaves open
            gc.collect()
    server.stop()
