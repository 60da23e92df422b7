# $1: 0 = it is removed and not upgraded.
if [ "$1" -eq 0 ] && [ -d /run/systemd/system ]; then
    systemctl --no-reload disable --now audience-exporter.service audience-exporter-pull.timer >/dev/null 2>&1 || :
    systemctl stop audience-exporter-pull.service 'audience-exporter@*.service' >/dev/null 2>&1 || :
fi
