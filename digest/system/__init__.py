"""The errors that cross a room, and the machine around us: files, network, terminal, language, logs."""
