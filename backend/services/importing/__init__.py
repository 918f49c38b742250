"""A ward's household list, from a stranger's file to rows: guard, read, plan, confirm, commit.

Each step is a file: `child` and `reading` open the file in a fenced process, `labels`, `headers`, `columns` and
`grouping` say what it means (the `plan`), `records` makes households of it, `matching` finds those that are
known already, `writing` stores them, `batches` leads a person through, `refused` gives back what did not go in.
"""
