# Terminals see what cells see: ~/packages first, then the image's packages. Sourced by login and by interactive shells.
case ":$PATH:" in
*":$HOME/packages/python-3.13/bin:"*) ;;
*) PATH="$HOME/packages/python-3.13/bin:/opt/terra/kernel/bin:$PATH" ;;
esac
export PATH VIRTUAL_ENV="$HOME/packages/python-3.13"
# Those two are the server's, not the user's (see /opt/terra/bin/entry).
unset JUPYTER_CONFIG_DIR JUPYTERHUB_DISABLE_USER_CONFIG
if [ -n "$BASH_VERSION" ] && [ -n "$PS1" ]; then
    PS1='\[\e[32m\]${WORKSPACE_NAME:-jupyter}\[\e[0m\]:\[\e[34m\]\w\[\e[0m\]\$ '
    alias ls='ls --color=auto' ll='ls -l'
fi
