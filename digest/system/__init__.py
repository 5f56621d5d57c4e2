"""The machine around us: files, the network of the environment, the terminal, logs."""
