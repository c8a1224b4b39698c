"""Values in S3. The only room that knows boto3."""
