-- Fails while it loads.
error("this script refuses to load")
