# SPDX-License-Identifier: MIT
"""Runs the measurements of scripts/bench and renders their results."""
