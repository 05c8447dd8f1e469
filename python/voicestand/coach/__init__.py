"""Coaching: conversation metrics, playbooks, suggestions."""
