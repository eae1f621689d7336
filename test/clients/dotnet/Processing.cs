using System.Collections.Concurrent;
using System.Diagnostics;
using Azure.Messaging.EventHubs;
using Azure.Messaging.EventHubs.Consumer;
using Azure.Messaging.EventHubs.Primitives;
using Azure.Messaging.EventHubs.Processor;

internal static class Processing
{
    /// <summary>Reads COUNT events, stops, and starts again: what the second processor sees is what came since.</summary>
    public static async Task<object> Checkpoints(Hub hub)
    {
        var store = new MemoryCheckpointStore();
        var first = await Run(hub, store, hub.Count);
        await Hub.WaitForTest();
        var second = await Run(hub, store, 1);
        return new { first = first.Count, again = second };
    }

    /// <summary>Two processors share the partitions; one stops, and the other reads its partitions on.</summary>
    public static async Task<object> Takeover(Hub hub)
    {
        var store = new MemoryCheckpointStore();
        var seen = new ConcurrentBag<string>();
        var left = new CountingProcessor(hub, store, seen);
        var right = new CountingProcessor(hub, store, seen);
        await left.StartProcessingAsync();
        await right.StartProcessingAsync();
        await Until(() => left.Partitions.Count == 1 && right.Partitions.Count == 1);
        await left.StopProcessingAsync();
        await Until(() => right.Partitions.Count == 2);
        await Hub.WaitForTest();
        await Until(() => seen.Distinct().Count() >= hub.Count);
        await right.StopProcessingAsync();
        return new { distinct = seen.Distinct().Count(), errors = left.Errors.Concat(right.Errors) };
    }

    /// <summary>
    /// Reads COUNT events with the prefetch and batch size of the environment, as a function that takes PAUSE
    /// milliseconds for each batch, and tells time, memory and the size of the batches.
    /// </summary>
    public static async Task<object> Throughput(Hub hub)
    {
        var clock = Stopwatch.StartNew();
        var processor = new CountingProcessor(hub, new MemoryCheckpointStore(), []);
        await Run(processor, hub.Count);
        return new
        {
            seconds = clock.Elapsed.TotalSeconds,
            peakBytes = Process.GetCurrentProcess().PeakWorkingSet64,
            batches = processor.Batches.Count,
            largestBatchBytes = processor.Batches.Max(),
        };
    }

    private static async Task<List<string>> Run(Hub hub, MemoryCheckpointStore store, int count) =>
        await Run(new CountingProcessor(hub, store, []), count);

    private static async Task<List<string>> Run(CountingProcessor processor, int count)
    {
        await processor.StartProcessingAsync();
        await Until(() => processor.Seen.Count >= count);
        await processor.StopProcessingAsync();
        if (!processor.Errors.IsEmpty) throw new InvalidOperationException(string.Join("; ", processor.Errors));
        return [.. processor.Seen.Order()];
    }

    private static async Task Until(Func<bool> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!holds())
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(2)) throw new TimeoutException("The processor did not get there.");
            await Task.Delay(20);
        }
    }
}

/// <summary>
/// The client's own processor, from which EventProcessorClient and the Functions extension derive. It writes a checkpoint
/// after each batch, as the extension does.
/// </summary>
internal sealed class CountingProcessor(Hub hub, MemoryCheckpointStore store, ConcurrentBag<string> seen)
    : PluggableCheckpointStoreEventProcessor<EventProcessorPartition>(
        store, Number("BATCH", 64), EventHubConsumerClient.DefaultConsumerGroupName, hub.ConnectionString, hub.Name,
        new EventProcessorOptions
        {
            PrefetchCount = Number("PREFETCH", 300),
            PrefetchSizeInBytes = Number("PREFETCH_BYTES", 0) is > 0 and var bytes ? bytes : null,
            LoadBalancingUpdateInterval = TimeSpan.FromMilliseconds(200),
            PartitionOwnershipExpirationInterval = TimeSpan.FromSeconds(Number("OWNERSHIP_SECONDS", 3)),
            DefaultStartingPosition = EventPosition.Earliest,
        })
{
    public ConcurrentDictionary<string, bool> Partitions { get; } = new();
    public ConcurrentBag<string> Errors { get; } = [];
    public ConcurrentBag<string> Seen { get; } = seen;

    /// <summary>Bytes of each batch.</summary>
    public ConcurrentBag<long> Batches { get; } = [];

    protected override Task OnInitializingPartitionAsync(EventProcessorPartition partition, CancellationToken token)
    {
        Partitions[partition.PartitionId] = true;
        return Task.CompletedTask;
    }

    protected override Task OnPartitionProcessingStoppedAsync(
        EventProcessorPartition partition, ProcessingStoppedReason reason, CancellationToken token)
    {
        Partitions.TryRemove(partition.PartitionId, out _);
        return Task.CompletedTask;
    }

    protected override async Task OnProcessingEventBatchAsync(
        IEnumerable<EventData> events, EventProcessorPartition partition, CancellationToken token)
    {
        EventData? last = null;
        var bytes = 0L;
        foreach (var each in events)
        {
            Seen.Add($"{partition.PartitionId}/{each.SequenceNumber}");
            bytes += each.EventBody.ToMemory().Length;
            last = each;
        }
        Batches.Add(bytes);
        if (Number("PAUSE", 0) is > 0 and var pause) await Task.Delay(pause, CancellationToken.None);
        if (last != null)
            await UpdateCheckpointAsync(partition.PartitionId, CheckpointPosition.FromEvent(last), token);
    }

    protected override Task OnProcessingErrorAsync(
        Exception error, EventProcessorPartition? partition, string operation, CancellationToken token)
    {
        // Another processor took the partition: that is how they share partitions.
        if (error is not EventHubsException { Reason: EventHubsException.FailureReason.ConsumerDisconnected })
            Errors.Add($"{operation}: {error.Message}");
        return Task.CompletedTask;
    }

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var number) ? number : otherwise;
}

/// <summary>Checkpoints and ownership in memory, with the ETags that the processor relies on.</summary>
internal sealed class MemoryCheckpointStore : CheckpointStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, EventProcessorPartitionOwnership> _owners = [];
    private readonly Dictionary<string, EventProcessorCheckpoint> _checkpoints = [];

    public override Task<IEnumerable<EventProcessorPartitionOwnership>> ListOwnershipAsync(
        string fullyQualifiedNamespace, string eventHubName, string consumerGroup, CancellationToken token)
    {
        lock (_lock) return Task.FromResult<IEnumerable<EventProcessorPartitionOwnership>>([.. _owners.Values]);
    }

    public override Task<IEnumerable<EventProcessorPartitionOwnership>> ClaimOwnershipAsync(
        IEnumerable<EventProcessorPartitionOwnership> desired, CancellationToken token)
    {
        var claimed = new List<EventProcessorPartitionOwnership>();
        lock (_lock)
        {
            foreach (var claim in desired)
            {
                if (_owners.TryGetValue(claim.PartitionId, out var owner) && owner.Version != claim.Version) continue;
                claim.Version = Guid.NewGuid().ToString();
                claim.LastModifiedTime = DateTimeOffset.UtcNow;
                _owners[claim.PartitionId] = claim;
                claimed.Add(claim);
            }
        }
        return Task.FromResult<IEnumerable<EventProcessorPartitionOwnership>>(claimed);
    }

    public override Task<EventProcessorCheckpoint> GetCheckpointAsync(
        string fullyQualifiedNamespace, string eventHubName, string consumerGroup, string partitionId, CancellationToken token)
    {
        lock (_lock) return Task.FromResult(_checkpoints.GetValueOrDefault(partitionId)!);
    }

    public override Task UpdateCheckpointAsync(
        string fullyQualifiedNamespace, string eventHubName, string consumerGroup, string partitionId,
        string clientIdentifier, CheckpointPosition position, CancellationToken token)
    {
        lock (_lock)
        {
            _checkpoints[partitionId] = new EventProcessorCheckpoint
            {
                FullyQualifiedNamespace = fullyQualifiedNamespace,
                EventHubName = eventHubName,
                ConsumerGroup = consumerGroup,
                PartitionId = partitionId,
                ClientIdentifier = clientIdentifier,
                StartingPosition = EventPosition.FromSequenceNumber(position.SequenceNumber, isInclusive: false),
            };
        }
        return Task.CompletedTask;
    }
}
