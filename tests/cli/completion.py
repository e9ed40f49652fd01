"""What shells complete: bash is asked, zsh and fish read the script where they are installed; every option that a
command's help names is offered."""
import os
import re
import shutil
import subprocess
import unittest

PROGRAM = os.environ["NPUSCOPE"]


def out(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def complete(*words):
    """bash's proposals for the last word."""
    line = " ".join(f"'{word}'" for word in words)
    script = (f"source <({PROGRAM} completion bash); COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _npuscope; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    return out("bash", "-c", script).split()


def commands():
    listed = out(PROGRAM, "--help").split("Commands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  ([a-z-]+)", listed, re.M)


class Completion(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(complete("npuscope", "sui"), ["suite"])
        self.assertEqual(complete("npuscope", "vela"), ["vela-diff"])
        self.assertLessEqual(set(commands()), set(complete("npuscope", "")))

    def test_every_option_of_the_help(self):
        for command in commands():
            options = set(re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", out(PROGRAM, command, "--help"), re.M))
            offered = complete("npuscope", command, "-")
            self.assertIn("--help", options, command)
            self.assertLessEqual(options, set(offered), command)
            self.assertEqual(len(offered), len(set(offered)), command)

    def test_other_shells_read_it(self):
        for shell in ("zsh", "fish"):
            script = out(PROGRAM, "completion", shell)
            self.assertIn("vela-diff", script)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=script, text=True, check=True)

    def test_help_and_version(self):
        self.assertEqual(out(PROGRAM, "help", "lint"), out(PROGRAM, "lint", "--help"))
        self.assertEqual(out(PROGRAM, "help"), out(PROGRAM, "--help"))
        self.assertEqual(out(PROGRAM, "-V"), out(PROGRAM, "--version"))


unittest.main()
