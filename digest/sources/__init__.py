"""Sources of a day: arXiv's listing pages, catch-up pages, feed and API, read politely.

Nothing is imported here: a day that is in the ledger is made again without what reads pages.
"""
