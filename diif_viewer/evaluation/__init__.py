"""Measuring: quality as the papers do, speed, figures."""
