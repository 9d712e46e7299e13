"""The reverse proxy before the API's replicas and before Prefect's servers: nginx's configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path

_HEAD = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
worker_processes 1;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    {temporary}
    map $http_upgrade $upgrade {{ default upgrade; '' ''; }}
"""
# A server that refuses a connection is passed over for a while. A request that was sent is sent to another only if it
# changes nothing (nginx's default): the client of any other gets 502, and knows best whether to repeat it.
_SERVER = """
    upstream {name} {{
        {replicas}
    }}
    server {{
        listen 127.0.0.1:{port};
        location = /nginx-is-up {{ return 204; }}
        location / {{
            proxy_pass http://{name};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $upgrade;
            # Streams of builds have a comment every 15 s.
            proxy_read_timeout 60s;
        }}
    }}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")


def write_gateway(folder: Path, replicas: Mapping[str, tuple[int, Sequence[int]]]) -> Path:
    """Write the configuration; `replicas`: the port and the replicas' ports of each name."""
    temporary = "\n    ".join(f"{kind}_temp_path {folder}/{kind};" for kind in _TEMPORARY)
    parts = [_HEAD.format(folder=folder, temporary=temporary)]
    for name, (port, ports) in replicas.items():
        listed = "\n        ".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=2s;" for each in ports)
        parts.append(_SERVER.format(name=name, port=port, replicas=listed))
    file = folder / "nginx.conf"
    file.write_text("".join(parts) + "}\n")
    return file
