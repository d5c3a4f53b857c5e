"""Where uploaded code is kept: a folder that all processes share, or S3 and what speaks like it."""

from pathlib import Path
from typing import Any

from apps.config.env import env_choice, env_str

_FOLDER = env_str("BUNDLE_FOLDER", str(Path(__file__).resolve().parents[3] / ".headway/bundles"))
BUNDLE_STORAGE = env_choice("BUNDLE_STORAGE", ("folder", "s3"), "folder")

_BUNDLES: dict[str, Any] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {
        "location": _FOLDER,
        "allow_overwrite": True,  # a name is a hash: what is written twice is the same
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    },
}
if BUNDLE_STORAGE == "s3":
    # Who we are to S3 is found as boto3 does: AWS_* variables, a profile, the role of the machine.
    _BUNDLES = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env_str("BUNDLE_S3_BUCKET"),
            "location": env_str("BUNDLE_S3_PREFIX", ""),
            "region_name": env_str("BUNDLE_S3_REGION", "") or None,
            "endpoint_url": env_str("BUNDLE_S3_ENDPOINT_URL", "") or None,
            "file_overwrite": True,
            "default_acl": None,
            "querystring_auth": True,
            "signature_version": "s3v4",
            "gzip": False,
        },
    }

# Exports lie beside the bundles: what reaches one reaches the other.
_EXPORTS_PLACE = str(Path(_BUNDLES["OPTIONS"]["location"]) / "exports")
_EXPORTS: dict[str, Any] = _BUNDLES | {
    "OPTIONS": _BUNDLES["OPTIONS"] | {"location": _EXPORTS_PLACE}
}

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "bundles": _BUNDLES,
    "exports": _EXPORTS,
}
