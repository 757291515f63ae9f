"""`make seeds`: the tables and pictures of AWS's two posts on tuning Claude 3 Haiku, made by a run and by our code.

This project began with the posts. Start in `__main__`; the posts' own figures are in `cited.json`. Nobody imports this
package.
"""
