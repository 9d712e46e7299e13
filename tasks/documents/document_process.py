"""Preload module of the process that reads an owner's documents, and the limits of reading one."""

import tasks.documents.document  # noqa: F401
from tasks.core.processes import Limits

DOCUMENT_MODULE = "tasks.documents.document_process"
READING = Limits(seconds=60, cpu_s=20, memory=1024**3)
"""As a page of the web is read."""
