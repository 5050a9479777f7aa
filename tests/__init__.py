"""Is backproof itself right?"""
