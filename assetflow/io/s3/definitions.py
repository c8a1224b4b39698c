"""S3 as a resource and as an IO manager that a config describes, under the names of dagster-aws."""

from __future__ import annotations

from typing import Any

from assetflow.config.names import Bool, Int
from assetflow.config.scalars import StringSource
from assetflow.config.shapes import Field
from assetflow.definitions.io_manager import io_manager
from assetflow.definitions.resource import InitResourceContext, resource
from assetflow.io.s3.access import ATTEMPTS, S3Access, client_for
from assetflow.io.s3.s3_io_manager import S3IOManager


@resource(
    config_schema={
        "endpoint_url": Field(StringSource, is_required=False),
        "region_name": Field(StringSource, is_required=False),
        "profile_name": Field(StringSource, is_required=False),
        "aws_access_key_id": Field(StringSource, is_required=False),
        "aws_secret_access_key": Field(StringSource, is_required=False),
        "aws_session_token": Field(StringSource, is_required=False),
        "use_unsigned_session": Field(Bool, is_required=False, default_value=False),
        "max_attempts": Field(Int, is_required=False, default_value=ATTEMPTS),
    },
    description="A client of boto3 for S3.",
)
def s3_resource(context: InitResourceContext) -> Any:
    """A client of boto3 for S3; one for each process, which threads may share."""
    return client_for(S3Access(**(context.resource_config or {})))


@io_manager(
    config_schema={
        "s3_bucket": Field(StringSource),
        "s3_prefix": Field(StringSource, is_required=False, default_value="dagster"),
        "format": Field(StringSource, is_required=False, default_value="pickle"),
    },
    required_resource_keys={"s3"},
    description="Values in a bucket, reached by the resource s3.",
)
def s3_pickle_io_manager(context: InitResourceContext) -> S3IOManager:
    """Store values in S3, as pickles by default; the resource ``s3`` says how it is reached: see `s3_resource`."""
    config = context.resource_config
    return S3IOManager(config["s3_bucket"], config["s3_prefix"], format=config["format"], client=context.resources.s3)
