# $1: 1 = a new installation, which is not started because its configuration is a template; 2 = an upgrade.
user=audience-exporter
etc=/etc/audience-exporter
lib=/var/lib/audience-exporter
[ -d "$lib" ] || install -d -o "$user" -g "$user" -m 0755 "$lib"
[ -d "$lib/data" ] || install -d -o "$user" -g "$user" -m 0755 "$lib/data"
[ -d "$lib/state" ] || install -d -o "$user" -g "$user" -m 0700 "$lib/state"
[ -d "$etc/secrets" ] || install -d -o root -g "$user" -m 0750 "$etc/secrets"
if [ "$1" -eq 1 ]; then
    cat <<END
audience-exporter is installed and not started yet. Next:
  \${EDITOR:-vi} $etc/exporter.toml
  install -o $user -m 600 /dev/stdin $etc/secrets/lobby     # the stream's password, then Ctrl-D
  runuser -u $user -- audience-exporter check
  systemctl enable --now audience-exporter
END
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload >/dev/null || :
    if [ "$1" -gt 1 ]; then
        systemctl try-restart audience-exporter.service 'audience-exporter@*.service' >/dev/null || :
    fi
fi
