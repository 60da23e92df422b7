# Files of the package belong to this group.
getent group audience-exporter >/dev/null || groupadd --system audience-exporter
getent passwd audience-exporter >/dev/null ||
    useradd --system --gid audience-exporter --home-dir /var/lib/audience-exporter --no-create-home \
        --shell /sbin/nologin audience-exporter
