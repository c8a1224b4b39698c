"""Where definitions come from at run time: a module that workers import, or a signed bundle."""
