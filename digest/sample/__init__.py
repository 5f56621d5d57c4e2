"""The bundled day: 44 papers, recorded answers, and a loopback server that speaks for arXiv and OpenAI."""
