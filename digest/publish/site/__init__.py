"""The reading side: a static site of the digests, with feeds, bibliographies and a mail-ready page."""
