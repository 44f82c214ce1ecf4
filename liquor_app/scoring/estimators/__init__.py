"""The models themselves. Pure: frames in, frames out."""
