"""The machinery that starts programs in order and keeps them up. What is run stands in local/topology.py."""
