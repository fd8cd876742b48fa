"""The frames of the completion scripts, one per shell; `completion` fills in what the parsers know."""

from __future__ import annotations

BASH = """\
# Completion of diif-viewer for bash: source it, or put it into ~/.local/share/bash-completion/completions/diif-viewer
_diif_viewer() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command=view options= words= others=
  COMPREPLY=()
  case "${{COMP_WORDS[1]}}" in {commands}) ((COMP_CWORD > 1)) && command="${{COMP_WORDS[1]}}" ;; esac
  case "$command $before" in
{choices}
  esac
  case "$command" in
{options}
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "{names}" -- "$word"; compgen -f -- "$word")
  elif ((COMP_CWORD == 2)) && [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"; compgen -f -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -W "$others" -- "$word"; compgen -f -- "$word")
  fi
}}
complete -o filenames -F _diif_viewer diif-viewer
"""
"""commands: joined by |. names: by blanks. choices, options: branches of a case."""

ZSH = """\
#compdef diif-viewer
# Completion of diif-viewer for zsh: put it into a folder of $fpath as _diif-viewer
_diif_viewer() {{
  local -a commands=(
{commands}
  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    _files
    return
  fi
  local command=view
  if (($+commands[(r)${{words[2]}}:*])); then
    command=$words[2]
    shift words
    ((CURRENT--))
  fi
  case $command in
{cases}
  esac
}}
_diif_viewer "$@"
"""
"""commands: name:text, one a line. cases: branches of a case."""

FISH = """\
# Completion of diif-viewer for fish: put it into ~/.config/fish/completions/diif-viewer.fish
function __diif_viewer_command
    set -l words (commandline -opc)
    if contains -- "$words[2]" {commands}
        echo $words[2]
    else
        echo view
    end
end
function __diif_viewer_at
    set -l words (commandline -opc)
    test (__diif_viewer_command) = $argv[1]; and test (count $words) -eq $argv[2]
end
function __diif_viewer_past
    set -l words (commandline -opc)
    test (__diif_viewer_command) = $argv[1]; and test (count $words) -gt $argv[2]
end
{lines}
"""
"""commands: joined by blanks. lines: one `complete` each."""
