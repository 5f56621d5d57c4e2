"""arXiv: listings, catch-up pages, the feed, the export API, OAI-PMH."""
