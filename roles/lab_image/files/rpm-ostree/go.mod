module evergreen.fleet/lab/rpm-ostree

go 1.22
