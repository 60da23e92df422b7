# Configuration that was edited, secrets, state, data and the user stay.
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload >/dev/null || :
fi
