"""Schedulers that diffusers lacks, written out in the interface of diffusers' classes."""
