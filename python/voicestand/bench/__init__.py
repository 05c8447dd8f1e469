"""Every claim of VoiceStand, measured on this machine beside its peers."""
