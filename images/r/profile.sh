# Terminals install R packages where notebooks do; R puts its version in place of %v. The folder is made by /opt/terra/bin/entry.
export R_LIBS_USER="$HOME/packages/R-%v"
