"""Parameters and multiply-accumulates, exactly; and whether a network is the published one."""
