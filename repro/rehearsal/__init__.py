"""The whole chain of a table on generated stand-ins, before anybody pays for the real one."""
