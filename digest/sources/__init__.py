"""Where a day comes from: arXiv's listing pages, catch-up pages, feed and API, read politely."""
