"""Sources: devices through the native callback, files through the same ring."""
