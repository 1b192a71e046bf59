"""How fast networks are: interleaved timing in fresh processes, backends, roofline."""
