"""Agents: Q-learning with a table, DQN, and variants of DQN."""
