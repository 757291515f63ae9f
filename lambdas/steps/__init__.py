"""What each Task state does, a file for each: typed facts and adapters in, typed facts out.

Handlers and the command line import it. Start at the file that has the state's name.
"""
