"""`make seeds POST=002`: the four arms of AWS's post on synthetic data, made by two runs on the embedded AWS.

base, few originals, few originals with synthetic records, and many originals: all answer the same test set, two judges
compare them in pairs, and people can. Start in `run`.
"""
