module evergreen.fleet/lab/rpm-ostree

go 1.21
