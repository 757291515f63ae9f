"""`make smoke`: the whole pipeline once on an environment of its own, checked from outside and destroyed again."""
