from ..writing import print_topic

print_topic("batch_norm")
