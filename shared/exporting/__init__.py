"""Exports: what a service holds as a file, csv, xlsx or Parquet.

A file is asked for, written by a worker from one state of the database, kept for a week, and fetched in parts by its
requester alone. The record of who took what out stays.
"""
