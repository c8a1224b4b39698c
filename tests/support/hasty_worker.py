"""A worker whose Redis broker gives messages that nobody has acknowledged to others after two seconds."""

from assetflow.worker_app import app

app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 2}
