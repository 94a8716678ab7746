"""The async shell round the core: fact -> core -> journal -> observers -> perform."""
