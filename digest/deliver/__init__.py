"""Published digests sent to people, each once: mail by SMTP, chat through Apprise."""
