"""Old days out of what arXiv gives in bulk: metadata by the month or as one file, and PDFs in archives."""
