"""A message's way out: launch, claim, compose, fence, dispatch, results, recover."""
