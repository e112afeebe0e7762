"""A settings file to begin with."""

from __future__ import annotations

EXAMPLE = """\
# mammo serve: settings. Everything is checked at start; "mammo serve FILE --check" only checks.
# What is commented out shows the default.

spool = "/var/lib/mammo"        # images, results, jobs and the log; local disk, not shared

[receive]
title = "MAMMO"                 # the AE title of this node
# address = "127.0.0.1"         # loopback alone; "0.0.0.0" to be reached by others
port = 11112
# other_objects = "refuse"      # SR, presentation states, own results; "ignore": answered with success, not kept
# minimum_free_gb = 10.0        # below, images are refused (status A700)
# most_associations = 10
# network_timeout_seconds = 60.0
# tls_certificate = "/etc/mammo/server.pem"     # TLS: certificate and key go together
# tls_key = "/etc/mammo/server.key"
# tls_authorities = "/etc/mammo/peers.pem"      # peers must show a certificate that these vouch for
peers = [                       # nobody else may send; without address, from anywhere
  { title = "PACS", address = "127.0.0.1" },
]

[complete]                      # a study is complete by what comes first; late images make a further result
# idle_seconds = 60.0           # nothing came for so long
# timeout_seconds = 1800.0      # its first image came so long ago
# four_views_of = []            # such as ["DBT"]: all four views of these are there

[model]
name = "mm3d-phantoms"          # see "mammo model list", or the path of a zip
# device = "cpu"                # the first GPU by default, else the CPU
# time_limit_seconds = 1800.0   # of a study
# tries = 3                     # of a study, before its failure is reported
# stop_grace_seconds = 30.0     # for the running study when the service is stopped

[results]
# kinds = ["cad-sr"]            # and "sr", "gsps", "seg", "sc"
# manufacturer = "mammo_plugins"                # and all other settings of docs/dicom_output.md

[[destination]]                 # each gets all results
name = "pacs"
kind = "dicom"                  # C-STORE; or "stow" with url
title = "PACS"
address = "127.0.0.1"
port = 104
# url = "https://archive.example/dicom-web"     # DICOMweb, for kind "stow" and confirm "qido"
# confirm = "none"              # the answer to the transfer; or "find", "qido", "commitment"
# commitment_seconds = 300.0    # for the report of a commitment
# tls = false
# tls_certificate = "/etc/mammo/client.pem"
# tls_key = "/etc/mammo/client.key"
# tls_authorities = "/etc/mammo/archive.pem"
# authorization = "/etc/mammo/token"            # one line for the HTTP header Authorization

[delivery]
# first_wait_seconds = 10.0     # after a failure, doubled after each further one
# longest_wait_seconds = 3600.0
# tries = 30                    # before a dead letter; "mammo serve FILE --retry" sends them again
# timeout_seconds = 60.0

[retention]
# days = 30.0                   # images and results of studies that are done

[web]                           # /healthz, /readyz, /metrics
# address = "127.0.0.1"
# port = 8080
"""
