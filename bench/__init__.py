"""The measurements behind every claim about speed; each is made anew in its run."""
